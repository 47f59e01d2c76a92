"""The Hugging Face Hub: whether it can be reached, what a model there consists of, and fetching it.

Owns every conversation with the Hub and the reading of its cache on this machine. Knows nothing of
tasks, of the catalog, or of how a checkpoint becomes a model.
"""

from core.hub.client import Hub, Progress
from core.hub.files import RepoFile, Repository, is_complete, weight_files

__all__ = ["Hub", "Progress", "RepoFile", "Repository", "is_complete", "weight_files"]
