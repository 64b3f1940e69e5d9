"""Compute without compiling, which takes longer than a few steps of a small network."""


def compile_nothing(patch):
    """Train and predict without compiling until `patch` is undone, except under JAX."""
    import keras

    if keras.backend.backend() == "jax":
        return  # JAX compiles each operation of a step that is not compiled as a whole
    compile_it = keras.Model.compile

    def run_eagerly(self, *given, **more):
        return compile_it(self, *given, **more | {"run_eagerly": True})

    patch.setattr(keras.Model, "compile", run_eagerly)
    patch.setattr(keras.Model, "predict_on_batch", answer)


def answer(network, batch):
    """What a network gives for a batch, as NumPy arrays."""
    import keras

    return keras.tree.map_structure(keras.ops.convert_to_numpy, network(batch, training=False))
