"""A person's own webhooks: /v1/me/webhooks, and the address that another product's clients use for them."""

from ferryman.dialects import addresses
from ferryman.http import delivery_routes, webhook_routes
from ferryman.http.api import Api
from ferryman.http.webhook_owners import personal

app = Api(
    "Personal webhooks",
    "Webhooks that deliver a person's own notifications.",
    aliases=addresses.PERSONAL_WEBHOOKS,
)
handler = app

# http/webhook_routes.py and http/delivery_routes.py have the routes and their texts, and
# http/webhook_owners/personal.py the paths, the scopes and the words that only they have.
webhook_routes.manage(app, personal.MANAGEMENT)
delivery_routes.show(app, personal.OWNER)
