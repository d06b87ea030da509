"""Twilio SendGrid: mails by its Web API, version 3, and what its suppression lists say."""
