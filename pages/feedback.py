"""What people said of the answers."""

from core.ui.feedback_page import show_feedback

show_feedback()
