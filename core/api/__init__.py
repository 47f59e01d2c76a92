"""The HTTP edge: routes made from the task declarations, on the port that serves the pages.

    server           what Streamlit's app takes: all routes, behind one door
    door             who may come in: callers (from where, with which keys), rates (how often)
    rest             tasks and models in the Hugging Face protocol; judgements; described (and openapi, handbook)
    protocol         the shapes in which values travel; payload (what is asked), fetching (files by
                     their address), schemas, delivery (JSON or files), events (streams)
    answering        waiting for a job while its client may hang up
    openai           OpenAI's protocol
    mcp              every task as a tool; late imports it
    metrics          what Prometheus reads
    problems         errors as they leave

Everything a route does passes through `core.showcase`.
"""
