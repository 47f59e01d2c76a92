"""The video tasks."""

from core.ui.task_page import show_modality

show_modality("video")
