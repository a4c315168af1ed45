"""One embedding for each customer and modality: settings, network, training and embedding, one file each."""
