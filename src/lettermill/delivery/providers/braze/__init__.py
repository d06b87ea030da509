"""Braze: mails by API-triggered campaigns, attributes and events of people, and who bounced or left."""
