"""The HTTP edge: routes made from the task declarations, on the port that serves the pages.

`rest` has the routes, `protocol` the shapes in which values travel, `server` what Streamlit's app
takes. Everything a route does passes through `core.showcase`.
"""
