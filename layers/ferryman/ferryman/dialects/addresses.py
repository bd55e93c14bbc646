"""Aliases for `Api`: the beginning of a path under /v1 → the beginning of another product's path for the same."""

PERSONAL_WEBHOOKS = {"/v1/me/webhooks": "/me/agent/webhooks"}  # FluxDesk's
WEBHOOKS = {"/v1/webhooks": "/admin/integrations/webhooks"}  # FluxDesk's
