"""How long the public waits once people have decided: from the last approval, and from a cancel, to every channel."""
