"""The pages' elements: the only place, beside `pages` and `Home.py`, that uses Streamlit.

`site` is the frame, `task_page` puts a task's page together out of `inputs`, `parameters`, `result`,
`outputs` and `judge`; `gallery`, `models_page` and `feedback_page` are the other pages.
"""
