"""HubSpot: transactional mails one by one, and properties of contacts in batches.

Nothing here tells who bounced or left: HubSpot has no list of them by time that is documented beyond doubt, and its
webhooks know no such event.
"""
