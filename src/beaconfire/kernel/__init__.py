"""The words: time, names, labels, records, limits, errors; imports nothing of ours above it."""
