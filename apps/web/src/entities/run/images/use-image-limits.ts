import { useQuery } from '@tanstack/react-query';
import { systemQuery } from '../../../shared/api/get-system.js';
import type { ImageLimits } from './check-images.js';

/** What images a prompt may have; null: none, or it is not known yet. */
export function useImageLimits(): ImageLimits | null {
  const { data } = useQuery(systemQuery);
  const limits = data?.images;
  return limits && limits.max_per_prompt > 0 ? limits : null;
}
