"""Profiles, lists and words."""
