"""Floor 1: what every module stands on. No pages, no feature words, nothing above imported."""
