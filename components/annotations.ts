/**
 * Annotation for what nobody has to wait for when it is deleted. Pulumi's provider deletes in the foreground: the API server's
 * garbage collector first removes what belongs to the object, such as a Deployment's pods, and then the object. In a mesh that
 * is not yet half a minute old it does neither, for only every 30 s does it learn of new kinds. With this annotation the object
 * is gone at once, and what belongs to it ends by itself.
 */
export const DELETED_AT_ONCE = { "pulumi.com/deletionPropagationPolicy": "background" };
