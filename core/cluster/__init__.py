"""Models on a Ray cluster, under the same engine interface as those that run in this process.

    order      what is sent to a replica, and what comes back
    replica    what runs on the cluster: an engine of its own, asked by many
    places     the cluster as a place that models run at

Ray is imported only once somebody asks for it, inside the functions that need it. What a replica loads and how it
gathers requests is `core.engine`'s, the same there as here.
"""

from core.cluster.places import Cluster, ray_address

__all__ = ["Cluster", "ray_address"]
