import type { AssembledImage, CatalogImage } from "./catalog";

/** Where the node's images come from. */
export interface Provided {
    pulled: readonly CatalogImage[];
    assembled: readonly AssembledImage[];
    /** These can only be pulled, and were not. A pod with such an image does not start. */
    absent: readonly CatalogImage[];
}

/** Says where the images come from, which ones are stand-ins, and which ones are absent. */
export function originOf({ pulled, assembled, absent }: Provided): string {
    const standIns = assembled.filter((image) => image.isStandIn);
    const built = assembled.filter((image) => !standIns.includes(image));
    return [
        pulled.length > 0 && `${pulled.length} pulled`,
        built.length > 0 && `${names(built)} assembled from their own programs and a stock Envoy`,
        standIns.length > 0 && `STAND-INS of this project: ${names(standIns)}`,
        absent.length > 0 && `absent, because they can only be pulled: ${names(absent)}`,
    ]
        .filter(Boolean)
        .join("; ");
}

const names = (images: readonly CatalogImage[]) => images.map((image) => image.name.replace(/^.*\//, "")).join(", ");
