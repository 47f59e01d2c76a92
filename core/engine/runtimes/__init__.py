"""What a model's numbers are computed with: the rungs of a ladder, and how a model finds its own.

    rungs      which there are, which are installed, and what a finding depends on
    probe      inputs of a task, what its model is asked for them, and whether two answers agree
    writing    the same of what writes token by token
    exported   a model as a program of ONNX Runtime or OpenVINO, in place of its module
    writers    which programs a model that writes is
    decoder    a decoder of text as a program that keeps what it has read
    encoder_decoder  a model that writes of what it has read, as three programs
    graph      what a graph exported for OpenVINO needs before it is kept
    lengths    texts' lengths rounded up, for what prepares itself for each
    survey     tries every rung on one model; run as a process of its own
    findings   what surveys found, kept on disk
    surveyor   has surveys made in the background and models loaded anew after them

A model is loaded with torch at once and answers. When a survey has found a faster rung that agrees with plain float32,
it is loaded anew between two batches. What was found is kept, so that this happens once on a machine.
"""
