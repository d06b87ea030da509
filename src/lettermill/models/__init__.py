"""Models: churn, next purchase and recommendations, each beside the simple rule it must beat."""
