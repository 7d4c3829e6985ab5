"""Components loaded inside Rasa (Python 3.10). They import only rasa, sanic, scikit-learn, numpy and `retrieval.encoder`."""
