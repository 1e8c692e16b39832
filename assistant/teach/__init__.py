"""Makes a wake word of the owner's own, on the device: never imported while the speaker runs.

``run`` leads through it: ``phrase`` judges the words, ``talkers`` says them in many voices,
``scenes`` puts them into rooms, ``features`` hears them as the run path does, ``head`` learns,
``audio.onnx_file`` writes what ``wake.word`` loads. ``household`` learns the owners' voices.
"""
