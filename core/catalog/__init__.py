"""Which models there are, and which of them can run now.

Owns the catalog file and what is said about each model's availability. Loads and runs nothing.
"""

from core.catalog.availability import Availabilities, Availability
from core.catalog.cards import Catalog, CatalogError, ModelCard
from core.catalog.endpoint import Endpoint

__all__ = ["Availabilities", "Availability", "Catalog", "CatalogError", "Endpoint", "ModelCard"]
