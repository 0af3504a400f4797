"""Review texts to polarity, English and Chinese."""
