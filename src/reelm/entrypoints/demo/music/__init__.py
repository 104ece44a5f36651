"""Twelve original tracks, computed from nothing: voices make notes, the score places them, the desk mixes."""
