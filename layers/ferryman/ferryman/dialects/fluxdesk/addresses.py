"""FluxDesk's addresses of routes that answer the same under /v1: the beginning of ours, and of FluxDesk's."""

PERSONAL_WEBHOOKS = {"/v1/me/webhooks": "/me/agent/webhooks"}
WEBHOOKS = {"/v1/webhooks": "/admin/integrations/webhooks"}
