"""Salesforce Marketing Cloud Engagement: transactional sends, and rows of data extensions."""
