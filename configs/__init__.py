"""The chips that ship with leptonsim, one YAML file each, found by name: `--config lepton-c1`."""
