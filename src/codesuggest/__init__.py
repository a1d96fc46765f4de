"""codesuggest reads the narrative of a patient-safety incident and suggests its codes."""

from importlib import metadata

__version__ = metadata.version("codesuggest")
