"""OpenAI's protocol, at `/v1`, for programs that were written against it.

app         the routes and the list of models
wanted      what a request asks for, in our own tasks' terms
writing     chat completions and completions, plain and streaming
vectors     embeddings
sound       transcriptions and speech
"""
