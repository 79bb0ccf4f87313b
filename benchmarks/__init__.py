"""Each benchmark runs this project and its anchor side by side, in one run, and says what it missed."""
