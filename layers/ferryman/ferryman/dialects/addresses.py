"""Other products' addresses of routes that answer the same under /v1: the beginning of ours, and of theirs."""

PERSONAL_WEBHOOKS = {"/v1/me/webhooks": "/me/agent/webhooks"}  # FluxDesk's
WEBHOOKS = {"/v1/webhooks": "/admin/integrations/webhooks"}  # FluxDesk's
