"""Functions of the owner's as tasks. What their author reads is in `core.demo`.

    plain        which annotation stands for which value, both ways
    signature    what a function takes: inputs and parameters
    examples     what an author gives as examples
    declaration  a function as a task and a model
    found        the files of a folder, imported once, and what is broken among them
    loader       the function as what the engine loads
    asking       a demo that asks a model

Nothing a visitor sends is imported or evaluated here: demos are files in a folder of the owner's.
"""

from core.demos.asking import ask_model
from core.demos.declaration import Demo
from core.demos.found import BrokenDemo, Demos, find_demos
from core.demos.loader import DemoLoader

__all__ = ["BrokenDemo", "Demo", "DemoLoader", "Demos", "ask_model", "find_demos"]
