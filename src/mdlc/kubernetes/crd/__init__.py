"""The lifecycle file as a Kubernetes resource; its definition is generated from the file's model.

crd_definition      the whole CustomResourceDefinition (`mdlc render crd`)
  -> structural_schema  pydantic's JSON Schema as the schema that Kubernetes accepts
  -> cel_rules          rules between keys, as CEL
lifecycle_status    the resource's status, which the controller writes
"""
