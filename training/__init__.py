"""How each starter model was made: data in, weights and measured accuracy out.

One module per starter, each a `Starter`; `python -m training.remake` makes all of them again and
`python -m training.evaluate` measures the ones that ship. Nothing here is imported by the showcase.
"""
