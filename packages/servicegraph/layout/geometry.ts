/** Pixels; y goes down. */
export interface Point {
    x: number;
    y: number;
}

export interface Size {
    width: number;
    height: number;
}

/** A rectangle; the point is its centre. */
export interface Box extends Point, Size {}

/** An element at an index that is known to be valid. */
export function at<T>(list: readonly T[], index: number): T {
    return list[index] as T;
}
