/** "Line 4" or "Lines 4 to 6". */
export const lineNumbers = (first: number, last: number): string =>
  first === last ? `Line ${first}` : `Lines ${first} to ${last}`;
