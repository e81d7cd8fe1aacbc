"""Who is asking and what they may see: roles, API keys, identity-provider tokens, allowances."""
