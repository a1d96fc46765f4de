"""codesuggest and its peers, side by side on the same narratives. See ../README.md."""
