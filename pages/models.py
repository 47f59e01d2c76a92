"""What is loaded, and what could be."""

from core.ui.models_page import show_models

show_models()
