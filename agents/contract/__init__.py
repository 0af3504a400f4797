"""The contract with those who produce for us and subscribe to us: JSON Schema and AsyncAPI of every topic, and its rules.

Pure, but for `files`, which reads and writes folders.
"""
