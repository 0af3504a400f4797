"""The parts of the demo's live view: each returns lines of text, at most as wide and as many as it is told.

Readable on light and on dark terminals, and without colour: text has the terminal's own colour, strong or not; colours
are for bars, arrows and marks, and nothing is said by colour alone.
"""
