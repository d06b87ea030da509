"""Campaigns: definitions as data, audiences, arms, and the context of every message to be."""
