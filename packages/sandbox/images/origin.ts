import type { AssembledImage, CatalogImage } from "./catalog";

/** Where the node's images came from. */
export interface Provided {
    pulled: readonly CatalogImage[];
    assembled: readonly AssembledImage[];
    /** Can only be pulled, and was not: a pod that names it does not start. */
    absent: readonly CatalogImage[];
}

/** Says where the images came from, which are not what their names say, and which are not there. */
export function originOf({ pulled, assembled, absent }: Provided): string {
    const standIns = assembled.filter((image) => image.isStandIn);
    const built = assembled.filter((image) => !standIns.includes(image));
    return [
        pulled.length > 0 && `${pulled.length} pulled`,
        built.length > 0 && `${names(built)} assembled from their own programs and a stock Envoy`,
        standIns.length > 0 && `STAND-INS of this project: ${names(standIns)}`,
        absent.length > 0 && `absent, as they can only be pulled: ${names(absent)}`,
    ]
        .filter(Boolean)
        .join("; ");
}

const names = (images: readonly CatalogImage[]) => images.map((image) => image.name.replace(/^.*\//, "")).join(", ");
