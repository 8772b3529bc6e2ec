// What Python sends about items; widgets/gallery/rows.py writes it.

export interface Vertex {
  x: number;
  y: number;
}

export interface KeypointPosition {
  x: number | null;
  y: number | null;
  visible: boolean;
}

export interface Geometry {
  x?: number;
  y?: number;
  width?: number;
  height?: number;
  vertices?: Vertex[];
  keypoints?: KeypointPosition[];
  names?: string[];
  skeleton?: [number, number][] | null;
  position?: { x: number; y: number; z: number };
  dimensions?: { x: number; y: number; z: number };
  yaw?: number;
}

export interface Segment {
  label: string;
  index: number;
}

export interface Shape {
  id: string;
  type: string;
  label: string;
  labels?: string[];
  geometry?: Geometry;
  confidence?: number;
  prediction: boolean;
  segments?: Segment[];
  metadata?: Record<string, unknown>;
}

export interface Row {
  id: string;
  reference_id: string;
  width: number | null;
  height: number | null;
  /** Of a picture that the browser loads itself, in privacy mode. */
  url?: string;
  /** Points of a lidar frame, which are not drawn. */
  cloud?: boolean;
  shapes: Shape[];
}

export interface FullRow extends Row {
  location: string | null;
  metadata: Record<string, unknown>;
}

export interface LabelCount {
  label: string;
  colour: string;
  ground_truth: number;
  predictions: number;
}

export interface Listing {
  epoch: number;
  count: number;
  /** Whether these are only the first items, and the others are being found and counted. */
  more: boolean;
  /** Items before the query was applied; null when there is no query. */
  total: number | null;
  name: string;
  slice: string | null;
  model: boolean;
  query: string;
  /** What the reader should know about what is not drawn; mostly empty. */
  note?: string;
  page: number;
  labels: LabelCount[];
  /** The first items, so that the first pictures need no question. */
  rows: Row[];
}
