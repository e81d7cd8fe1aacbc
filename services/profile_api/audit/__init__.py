"""The trail of personal data: who read which kind of it, of whom, when. Never the values."""
