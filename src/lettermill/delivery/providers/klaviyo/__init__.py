"""Klaviyo: mails as events that start a flow, attributes by bulk imports, and the suppressions of its profiles."""
