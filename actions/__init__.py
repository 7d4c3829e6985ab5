"""The assistant's actions as Rasa sees them: thin, run in the app environment, all work is done by `conversations/`."""
