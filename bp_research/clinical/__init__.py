"""What clinicians read off a face: measures in millimetres, scores, and one page per patient."""
