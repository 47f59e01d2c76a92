"""Podium's core: models on a stage, with no page in it below `core.ui`.

The map, in the order in which it may be imported (each line only from lines above it):

    errors, values, settings      what can go wrong; what goes in and comes out; the configuration
    admission                     who may have any checkpoint opened
    media, hub, tasks, reading    bytes to values; the Hugging Face Hub; what can be done, declared once each;
                                  inputs of several parts, read and kept
    protocol                      answers as they travel: written, and read back
    snippets                      the call that does what a page does, written out in four languages
    catalog, engine, feedback     which models there are; running them; runs and judgements kept
    remote                        models that run elsewhere, under the same engine interface
    cluster                       the same on Ray, for those who ask for it
    showcase                      the one door: validates, limits, runs, records
    judging, adopting             what people say of the answers; checkpoints beside the catalog
    demo, demos                   functions of the owner's as tasks: what their author uses; how they become tasks
    runtime                       builds all of it once per process
    api, ui                       the two edges: HTTP routes and Streamlit elements, from the same declarations

Only `core.ui`, `pages` and `Home.py` import Streamlit. Only `core.engine` and the bodies of task
functions import torch or transformers, never while a module is being imported. Only `core.feedback`
imports SQLAlchemy; only `core.api` and `Home.py` import Starlette or FastAPI.
`tests/test_architecture.py` proves it.
"""
