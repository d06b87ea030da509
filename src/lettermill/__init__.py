"""lettermill turns what a company knows about its customers into e-mails right for each of them, and proves it.

Data flows `ingest -> quality -> profiles -> features -> models -> campaigns -> rendering -> delivery`, each stage a
package of pure functions over DataFrames; stages meet only in the tables that `lettermill.tables` declares.
"""

__version__ = "0.1.0"

STAGES = ("ingest", "quality", "profiles", "features", "models", "campaigns", "rendering", "delivery", "monitoring")
"""The stage packages, in the order in which data flows through them."""
