"""Front ends: model files and configurations into drafts."""
