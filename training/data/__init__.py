"""What models learn from: frozen facts, examples of past moments with their labels, features."""
