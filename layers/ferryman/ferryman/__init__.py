"""Ferryman: chats, messages, events, subscriptions and deliveries, and the HTTP words around them."""
