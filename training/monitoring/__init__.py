"""How models do in service: their predictions against what came, today's customers against those of training."""
